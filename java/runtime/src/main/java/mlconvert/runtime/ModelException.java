package mlconvert.runtime;

/** What goes wrong with a model or with the values given to it; the message is one line, for people. */
public class ModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes one.
     *
     * @param message what happened
     */
    public ModelException(String message) {
        super(message);
    }
}
