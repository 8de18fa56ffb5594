-- Where in a portion's body rows begin that are one line of a file each, with quotes that do not match up: what was found when
-- the file was cut into rows is not looked at again when they are read.
ALTER TABLE portions ADD broken bigint[];
