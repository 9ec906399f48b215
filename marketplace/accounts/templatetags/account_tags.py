"""How account pages name things."""

from django import template

from marketplace.accounts.browsers import browser_words

register = template.Library()

register.filter("browser", browser_words)
