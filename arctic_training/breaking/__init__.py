"""What a change of definitions breaks, for whoever relied on them."""
