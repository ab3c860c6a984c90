package mlconvert.runtime;

/** A value does not fit its column. */
public abstract class ColumnException extends ModelException {
    /** Its name in the model. */
    private final String column;

    ColumnException(String column, String what) {
        super("column " + Json.quoted(column) + ": " + what);
        this.column = column;
    }

    /**
     * The column that the value was meant for.
     *
     * @return its name in the model
     */
    public final String column() {
        return column;
    }
}
