"""What the site's own cars tell a buyer: typical prices, similar cars, a model at a glance."""
