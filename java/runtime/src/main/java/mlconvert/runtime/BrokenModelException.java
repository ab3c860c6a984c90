package mlconvert.runtime;

/** The bytes are no model that this runtime can vouch for: damaged, truncated, or of a newer version. */
public final class BrokenModelException extends ModelException {
    BrokenModelException(String what) {
        super("the model is broken: " + what);
    }

    /** Refuses the model unless the condition holds. */
    static void unless(boolean holds, String otherwise) {
        if (!holds) {
            throw new BrokenModelException(otherwise);
        }
    }
}
