"""What a change does: two synthesized revisions in, a page for its reviewer out."""
