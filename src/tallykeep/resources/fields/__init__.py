"""What fields are built from: cleaners, spellings, numerals, COPY's text format."""
