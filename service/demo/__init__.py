"""The demo site of a fictional home energy company: its content and its hidden personas."""
