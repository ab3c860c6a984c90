package mlconvert.runtime;

/** From margins to predictions: the average, the link function, and for a classifier of two labels both probabilities. */
final strictfp class Link {
    private final Header header;
    private final double divisor;
    private final double scale;
    private final double offset;

    Link(Header header) {
        this.header = header;
        divisor = rounded(header.divisor);
        scale = rounded(header.scale);
        offset = rounded(header.offset);
    }

    /** The predictions of the margins from margin[at] on, into out[to] and the places after it, which may be the same places. */
    void apply(double[] margin, int at, double[] out, int to) {
        boolean softmax = is("softmax");
        for (int k = 0; k < header.outputs; k++) {
            double m = averaged(margin[at + k], divisor);
            out[to + k] = softmax ? rounded(scale * m) : linked(m);
        }
        if (softmax) {
            softmax(out, to);
        }
        if (header.schema.predictions() > header.outputs) {
            out[to + 1] = out[to];
            out[to] = rounded(1 - out[to]);
        }
    }

    /** The prediction of the only margin: for a classifier the probability of the second label. */
    double apply(double margin) {
        return linked(averaged(margin, divisor));
    }

    private double averaged(double m, double by) {
        return by == 1 ? m : rounded(m / by);
    }

    private double linked(double m) {
        if (is("sigmoid")) {
            return rounded(1 / rounded(1 + exp(rounded(-scale * m))));
        }
        if (is("exp")) {
            return exp(m);
        }
        if (is("softplus")) {
            return rounded(StrictMath.log1p(exp(m)));
        }
        if (is("square")) {
            return rounded(rounded((m == 0 ? 0 : Math.signum(m)) * m) * m);
        }
        if (is("step")) {
            return m > 0 ? 1 : 0;
        }
        if (is("isolation")) {
            return rounded(-rounded(StrictMath.pow(2, -m)) - offset);
        }
        // what exp(m - m) comes to in a softmax of one
        return is("softmax") ? m - m + 1 : m;
    }

    private boolean is(String link) {
        return header.link.equals(link);
    }

    private void softmax(double[] m, int at) {
        int end = at + header.outputs;
        double largest = m[at];
        for (int k = at; k < end; k++) {
            // Math.max keeps a NaN, as numpy does
            largest = Math.max(largest, m[k]);
        }
        double total = 0;
        for (int k = at; k < end; k++) {
            m[k] = exp(rounded(m[k] - largest));
            total += m[k];
        }
        for (int k = at; k < end; k++) {
            m[k] = rounded(m[k] / rounded(total));
        }
    }

    /** The place of the label among the classes, by the header's rule, for margins and the probabilities that they give. */
    int label(double[] margin, int at, double[] probability, int from) {
        if (header.schema.classes().isEmpty()) {
            throw new IllegalStateException("the model is no classifier");
        }
        if (!header.marginDecides) {
            return largest(probability, from, 1);
        }
        double m = averaged(margin[at], divisor);
        return header.outputs > 1 ? largest(margin, at, divisor) : m > 0 || m == 0 && header.zeroIsSecond ? 1 : 0;
    }

    /** The place of the largest value: the first of equal ones, and the first NaN before any number. */
    private int largest(double[] values, int from, double by) {
        int best = 0;
        for (int k = 1; k < header.schema.predictions(); k++) {
            double champion = averaged(values[from + best], by);
            if (champion == champion && !(averaged(values[from + k], by) <= champion)) {
                best = k;
            }
        }
        return best;
    }

    /** StrictMath's bits are the same on every machine. */
    private double exp(double m) {
        return rounded(StrictMath.exp(m));
    }

    /** The type of the sums: with float's 24 bits, rounding a double's result of + - * / once more gives the float's result. */
    private double rounded(double value) {
        return header.sumsFloat ? (float) value : value;
    }
}
