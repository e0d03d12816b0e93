"""What losses return, and the losses of the built-in trainers."""
