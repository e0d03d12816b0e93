"""Chat templates: conversations to tokens, with an assistant mask."""
