package mlconvert.runtime;

/** A categorical column was given a category that the model has never seen. */
public final class UnknownCategoryException extends ColumnException {
    UnknownCategoryException(String column, Object category) {
        super(column, Json.quoted(category) + " is none of the model's categories");
    }
}
