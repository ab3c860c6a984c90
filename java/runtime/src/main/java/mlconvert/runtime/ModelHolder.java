package mlconvert.runtime;

import java.util.Objects;

/**
 * Holds the model in use, and swaps it while other threads score: {@code holder.get().predict(row)}. Every answer comes from one
 * model, whole. A thread that needs several answers from the same model calls {@link #get()} once.
 */
public final class ModelHolder {
    private volatile Model current;

    /**
     * Makes a holder.
     *
     * @param first the model to begin with
     */
    public ModelHolder(Model first) {
        current = Objects.requireNonNull(first);
    }

    /**
     * The model in use.
     *
     * @return the last one that was swapped in
     */
    public Model get() {
        return current;
    }

    /**
     * Puts another model in place. It must take the same rows and give as many predictions, or callers would be misled.
     *
     * @param next the model from now on
     * @return the model so far
     * @throws ModelException where the columns or classes differ; the model so far then stays
     */
    public synchronized Model swap(Model next) {
        Model last = current;
        if (!last.schema().toJson().equals(next.schema().toJson())) {
            throw new ModelException("the new model has other columns or classes than the one in use");
        }
        current = next;
        return last;
    }
}
