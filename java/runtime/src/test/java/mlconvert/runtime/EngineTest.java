package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every engine against the naive score, bit for bit, on forests of every kind. */
class EngineTest {
    private static Consumer<Sample.Shape> named(String name, Consumer<Sample.Shape> change) {
        return new Consumer<>() {
            @Override
            public void accept(Sample.Shape shape) {
                change.accept(shape);
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }

    static Stream<Consumer<Sample.Shape>> shapes() {
        return Stream.of(
                named("plain", s -> { }),
                named("many trees", s -> s.trees = 203),
                named("stumps", s -> { s.leaves = 2; s.trees = 77; }),
                named("small trees", s -> { s.leaves = 8; s.trees = 77; }),
                named("64 leaves", s -> { s.leaves = 64; s.trees = 30; s.thresholds = 200; }),
                named("65 leaves", s -> s.leaves = 65),
                named("300 leaves", s -> { s.leaves = 300; s.thresholds = 300; }),
                named("chains", s -> { s.leaves = 200; s.chains = true; }),
                named("many columns", s -> s.columns = 100),
                named("one column", s -> s.columns = 1),
                named("LightGBM's zero", s -> { s.zero = 1.0000000180025095e-35; s.decisions = Sample.ALL_DECISIONS; s.trees = 40; }),
                named("all decisions", s -> { s.decisions = Sample.ALL_DECISIONS; s.categorical = 3; s.trees = 40; }),
                named("all decisions, 150 leaves", s -> { s.decisions = Sample.ALL_DECISIONS; s.categorical = 3; s.leaves = 150; }),
                named("codes rounded both ways", s -> { s.decisions = Sample.ALL_DECISIONS; s.categorical = 3; s.mixed = true; }),
                named("large sets", s -> { s.decisions = Sample.ALL_DECISIONS; s.categorical = 3; s.words = 100; }),
                named("float32", s -> { s.readsFloat = true; s.sumsFloat = true; s.baseAtEnd = true; s.trees = 50; }),
                named("float32, 7 outputs", s -> { s.readsFloat = true; s.sumsFloat = true; s.outputs = 7; s.trees = 50; }),
                named("float32 zero", s -> { s.readsFloat = true; s.zero = 1e-30; }),
                named("7 outputs", s -> { s.outputs = 7; s.trees = 50; }),
                named("wide leaves", s -> { s.outputs = 3; s.width = 3; s.leaves = 100; s.baseAtEnd = true; }),
                named("linear leaves", s -> { s.linear = true; s.zero = 1e-35; }),
                named("linear leaves, 100", s -> { s.linear = true; s.leaves = 100; }));
    }

    /** The engines that take the forest, with tables of several sizes. */
    static List<Engine> engines(Forest forest) {
        List<Engine> engines = new ArrayList<>();
        engines.add(new PlainWalk(forest));
        Slot[] slots = Slot.of(forest);
        if (slots == null) {
            return engines;
        }
        engines.add(Walk.of(forest, slots, null));
        for (long budget : new long[] {8 << 20, 1 << 18, 1 << 16}) {
            Masks masks = Masks.of(slots, new Regions(forest), budget);
            if (masks != null) {
                engines.add(Walk.of(forest, slots, masks));
            }
            if (masks != null && forest.mostLeaves() <= Regions.WORD) {
                engines.add(new LeafMasks(forest, masks));
            }
        }
        return engines;
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void agreesWithTheNaiveScore(Consumer<Sample.Shape> change) {
        for (int seed = 1; seed <= 4; seed++) {
            Sample.Shape shape = new Sample.Shape();
            shape.seed = seed;
            change.accept(shape);
            Sample sample = new Sample(shape);
            Forest forest = new Forest(new ForestReader(sample.file()));
            double[] rows = sample.rows(200);
            for (Engine engine : engines(forest)) {
                for (int at = 0; at < rows.length; at += shape.columns) {
                    compare(sample, engine, rows, at);
                }
            }
        }
    }

    private static void compare(Sample sample, Engine engine, double[] rows, int at) {
        Scratch scratch = engine.scratch();
        double[] margins = new double[sample.shape.outputs + 2];
        engine.margins(rows, at, margins, 1, scratch);
        String where = engine.getClass().getSimpleName() + " on row " + at / sample.shape.columns;
        double[] found = Arrays.copyOfRange(margins, 1, margins.length - 1);
        assertArrayEquals(bits(sample.margins(rows, at)), bits(found), where);
        assertEquals(0, margins[0]);
        assertEquals(0, margins[margins.length - 1]);
        engine.walk(rows, at, scratch);
        int[] leaves = sample.leaves(rows, at);
        for (int t = 0; t < leaves.length; t++) {
            assertEquals(leaves[t], scratch.leaf[t] - engine.forest.firstLeaf[t], where);
        }
    }

    static long[] bits(double[] values) {
        return Arrays.stream(values).mapToLong(Double::doubleToLongBits).toArray();
    }
}
