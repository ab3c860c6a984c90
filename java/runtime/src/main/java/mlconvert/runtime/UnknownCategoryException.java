package mlconvert.runtime;

/** A categorical column was given a category that the model has never seen. */
public final class UnknownCategoryException extends ColumnException {
    private static final long serialVersionUID = 1L;

    UnknownCategoryException(String column, Object category) {
        super(column, Text.quoted(category) + " is none of the model's categories");
    }
}
