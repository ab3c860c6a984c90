package mlconvert.jpmml;

/** What stands in the way, in the user's words. */
public final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    /** The stable name of what stands in the way. */
    final String code;
    /** The element, the field or the file that it is about. */
    final String where;

    /**
     * A refusal.
     *
     * @param code its stable name, such as {@code broken-pmml}
     * @param where the element, the field or the file that it is about
     * @param message what stands in the way
     */
    public RefusedException(String code, String where, String message) {
        super(message);
        this.code = code;
        this.where = where;
    }
}
