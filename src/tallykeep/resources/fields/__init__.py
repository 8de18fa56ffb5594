"""Building blocks of fields: validators, spellings, numerals, COPY's text format."""
