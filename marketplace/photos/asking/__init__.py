"""A visitor's question: which car do these photos show?"""
