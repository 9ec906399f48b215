"""What an advertisement says of a car besides which car it is: columns, units, form, questions."""
