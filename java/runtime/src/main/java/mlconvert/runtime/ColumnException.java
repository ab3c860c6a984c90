package mlconvert.runtime;

/** A value does not fit its column. */
public abstract class ColumnException extends ModelException {
    private static final long serialVersionUID = 1L;

    private final String column;

    ColumnException(String column, String what) {
        super("column " + Text.quoted(column) + ": " + what);
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
