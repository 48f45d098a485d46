"""
Resources and IO managers written as classes with config fields.
"""
