"""Setting up a device: its forms, and the flow that shows them."""
