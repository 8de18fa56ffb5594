"""What fields are built from: validators, spellings, numerals, COPY's text format."""
