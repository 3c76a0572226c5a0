"""What differs between environments, as frozen data that is checked where it is written."""
