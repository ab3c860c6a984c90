package mlconvert.runtime;

/** The input lacks a column of the model. A column that is there and holds null is a missing value instead. */
public final class MissingColumnException extends ColumnException {
    MissingColumnException(String column) {
        super(column, "it is not in the input");
    }
}
