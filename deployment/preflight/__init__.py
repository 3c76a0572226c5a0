"""What only the outside knows, asked before a first deployment."""
