"""The function that brings the schema up to date, invoked by the deployment."""
