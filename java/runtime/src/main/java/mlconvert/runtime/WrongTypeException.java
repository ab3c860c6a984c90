package mlconvert.runtime;

/** A column was given a value of a type that it cannot take. */
public final class WrongTypeException extends ColumnException {
    WrongTypeException(String column, Object value, String wanted) {
        super(column, Json.quoted(value) + " is no " + wanted);
    }
}
