package mlconvert.runtime;

/** A column was given a value of a type that it cannot take. */
public final class WrongTypeException extends ColumnException {
    private static final long serialVersionUID = 1L;

    WrongTypeException(String column, Object value, String wanted) {
        super(column, Text.quoted(value) + " is no " + wanted);
    }
}
