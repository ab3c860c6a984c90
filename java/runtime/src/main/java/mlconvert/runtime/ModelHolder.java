package mlconvert.runtime;

import java.util.Objects;

/**
 * Holds the model in use, and swaps it while other threads score: every answer comes from one model, whole.
 *
 * <p>A thread that needs several answers from the same model calls {@link #get()} once and asks that.
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

    /**
     * Asks the model in use; see {@link Model#predict(double[])}.
     *
     * @param row one value for each column
     * @return the prediction
     */
    public double predict(double[] row) {
        return current.predict(row);
    }

    /**
     * Asks the model in use; see {@link Model#predict(double[], double[])}.
     *
     * @param row one value for each column
     * @param out takes the predictions
     * @return {@code out}
     */
    public double[] predict(double[] row, double[] out) {
        return current.predict(row, out);
    }

    /**
     * Asks the model in use; see {@link Model#margin(double[], double[])}.
     *
     * @param row one value for each column
     * @param out takes the margins
     * @return {@code out}
     */
    public double[] margin(double[] row, double[] out) {
        return current.margin(row, out);
    }
}
