package mlconvert.runtime;

/** From margins to predictions: the average, the link function, and for a classifier of two labels both probabilities. */
final strictfp class Link {
    private final Header header;
    private final String name;
    private final double divisor;
    private final double scale;

    Link(Header header) {
        this.header = header;
        name = header.link;
        divisor = rounded(header.divisor);
        scale = rounded(header.scale);
    }

    /** The predictions of the margins from margin[at] on, into out[to] and the places after it, which may be the same places. */
    void apply(double[] margin, int at, double[] out, int to) {
        if (name.equals("softmax")) {
            softmax(margin, at, out, to);
        } else {
            for (int k = 0; k < header.outputs; k++) {
                out[to + k] = linked(averaged(margin[at + k]));
            }
        }
        if (header.schema.predictions() > header.outputs) {
            out[to + 1] = out[to];
            out[to] = rounded(1 - out[to]);
        }
    }

    /** The prediction of the only margin: for a classifier the probability of the second label. */
    double apply(double margin) {
        return name.equals("softmax") ? margin - margin + 1 : linked(averaged(margin));
    }

    private double averaged(double m) {
        return divisor == 1 ? m : rounded(m / divisor);
    }

    private double linked(double m) {
        switch (name) {
            case "sigmoid":
                return rounded(1 / rounded(1 + exp(rounded(-scale * m))));
            case "exp":
                return exp(m);
            case "softplus":
                return rounded(StrictMath.log1p(exp(m)));
            case "square":
                return rounded(rounded((m == 0 ? 0 : Math.signum(m)) * m) * m);
            case "step":
                return m > 0 ? 1 : 0;
            default:
                return m;
        }
    }

    private void softmax(double[] margin, int at, double[] out, int to) {
        double largest = averaged(margin[at]);
        for (int k = 1; k < header.outputs; k++) {
            // Math.max keeps a NaN, as numpy does
            largest = Math.max(largest, averaged(margin[at + k]));
        }
        double total = 0;
        for (int k = 0; k < header.outputs; k++) {
            out[to + k] = exp(rounded(averaged(margin[at + k]) - largest));
            total += out[to + k];
        }
        for (int k = 0; k < header.outputs; k++) {
            out[to + k] = rounded(out[to + k] / rounded(total));
        }
    }

    /** The place of the label among the classes, by the header's rule, for margins and the probabilities that they give. */
    int label(double[] margin, int at, double[] probability, int from) {
        if (header.schema.classes().isEmpty()) {
            throw new IllegalStateException("the model is no classifier");
        }
        if (!header.marginDecides) {
            return largest(probability, from);
        }
        double m = margin[at];
        return header.outputs > 1 ? largest(margin, at) : m > 0 || m == 0 && header.zeroIsSecond ? 1 : 0;
    }

    /** The place of the largest value: the first of equal ones, and the first NaN before any number. */
    private int largest(double[] values, int from) {
        int best = 0;
        for (int k = 1; k < header.schema.predictions(); k++) {
            double champion = values[from + best];
            if (champion == champion && !(values[from + k] <= champion)) {
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
