package mlconvert.runtime;

/** A value is missing in a column of a model whose library takes no missing values. */
public final class MissingValueException extends ColumnException {
    MissingValueException(String column) {
        super(column, "its value is missing, and the model takes no missing values");
    }
}
