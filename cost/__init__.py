"""What the synthesized stacks cost a month."""
