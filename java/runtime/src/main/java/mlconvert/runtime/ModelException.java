package mlconvert.runtime;

/** What goes wrong with a model or with the values given to it; the message is one line, for people. */
public class ModelException extends RuntimeException {
    /**
     * Makes one.
     *
     * @param message what happened
     */
    public ModelException(String message) {
        super(message);
    }
}
