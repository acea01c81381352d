namespace nvbox {}
