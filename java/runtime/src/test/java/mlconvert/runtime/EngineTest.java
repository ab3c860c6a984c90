package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
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
                named("linear leaves, 100", s -> { s.linear = true; s.leaves = 100; }),
                named("no node", s -> s.leaves = 1),
                named("trees of one leaf among others", s -> { s.leaves = 2; s.trees = 3; }));
    }

    static Stream<Consumer<Sample.Shape>> extremes() {
        return Stream.of(
                named("many trees", s -> { s.trees = 3000; s.columns = 30; s.thresholds = 255; }),
                named("large trees", s -> { s.trees = 40; s.leaves = 5000; s.thresholds = 3000; }),
                named("a long chain", s -> { s.trees = 2; s.leaves = 20_000; s.chains = true; }),
                named("thousands of thresholds", s -> { s.columns = 12; s.trees = 300; s.leaves = 64; s.thresholds = 4000; }),
                named("many columns", s -> { s.columns = 1000; s.trees = 60; s.leaves = 60; }),
                named("100 outputs", s -> { s.outputs = 100; s.trees = 400; }),
                named("3000 outputs", s -> { s.outputs = 3000; s.trees = 6000; s.leaves = 4; }),
                named("2000 values a leaf", s -> { s.outputs = 2000; s.width = 2000; s.trees = 4; s.leaves = 20; }),
                named("70,000 categories", s -> { s.decisions = Sample.ALL_DECISIONS; s.categorical = 2; s.words = 2188; }),
                named("70,000 categories, 100 leaves", s -> {
                    s.decisions = Sample.ALL_DECISIONS;
                    s.categorical = 2;
                    s.words = 2188;
                    s.leaves = 100;
                }));
    }

    /** The engines that take the forest, with tables of several sizes. */
    static List<Engine> engines(Forest forest) {
        List<Engine> engines = new ArrayList<>();
        engines.add(new PlainWalk(forest));
        for (long budget : new long[] {8 << 20, 1 << 20, 1 << 18, 1 << 16, 1 << 14}) {
            engines.add(Engine.of(forest, budget));
            assertTrue(engines.get(engines.size() - 1).tableBytes() <= budget);
            Slot[] slots = Slot.of(forest, budget);
            Walk walk = slots == null ? null : Walk.of(forest, slots, budget);
            if (walk != null) {
                engines.add(walk);
            }
        }
        return engines;
    }

    private static Sample sample(Consumer<Sample.Shape> change, long seed) {
        Sample.Shape shape = new Sample.Shape();
        shape.seed = seed;
        change.accept(shape);
        return new Sample(shape);
    }

    private static Forest forest(Sample sample) {
        return new Forest(new ForestReader(sample.file()));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void agreesWithTheNaiveScore(Consumer<Sample.Shape> change) {
        for (int seed = 1; seed <= 4; seed++) {
            Sample sample = sample(change, seed);
            compare(sample, engines(forest(sample)), 200);
        }
    }

    @ParameterizedTest
    @MethodSource("extremes")
    void agreesWhereForestsAreExtreme(Consumer<Sample.Shape> change) {
        Sample sample = sample(change, 1);
        Forest forest = forest(sample);
        compare(sample, List.of(new PlainWalk(forest), Engine.of(forest), Engine.of(forest, 1 << 20)), 20);
    }

    private static void compare(Sample sample, List<Engine> engines, int count) {
        double[] rows = sample.rows(count);
        for (int at = 0; at < rows.length; at += sample.shape.columns) {
            double[] margins = sample.margins(rows, at);
            int[] leaves = sample.leaves(rows, at);
            for (Engine engine : engines) {
                String where = engine.getClass().getSimpleName() + " on row " + at / sample.shape.columns;
                Scratch scratch = engine.scratch();
                double[] found = new double[margins.length + 2];
                engine.margins(rows, at, found, 1, scratch);
                assertArrayEquals(bits(margins), bits(Arrays.copyOfRange(found, 1, found.length - 1)), where);
                assertEquals(0, found[0] + found[found.length - 1], where);
                engine.walk(rows, at, scratch);
                for (int t = 0; t < leaves.length; t++) {
                    assertEquals(leaves[t], scratch.leaf[t] - engine.forest.firstLeaf[t], where);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource({"shapes", "extremes"})
    void takesNoMoreThanItMay(Consumer<Sample.Shape> change) throws ReflectiveOperationException {
        Forest forest = forest(sample(change, 1));
        Engine engine = Engine.of(forest);
        assertTrue(engine.tableBytes() <= Math.max(8 << 20, 2L * forest.bytes));
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Object own : new Object[] {forest, forest.header}) {
            size(own, seen);
        }
        long held = size(engine, seen);
        // beside the tables there are some hundred bytes for each column
        assertTrue(held <= 1.02 * engine.tableBytes() + 300L * forest.columns + 4000, held + " bytes, said " + engine.tableBytes());
    }

    /** The bytes of an object and all that it alone holds. */
    private static long size(Object object, Set<Object> seen) throws ReflectiveOperationException {
        if (object == null || !seen.add(object)) {
            return 0;
        }
        long bytes = 16;
        if (object.getClass().isArray()) {
            Class<?> element = object.getClass().getComponentType();
            int width = element == long.class || element == double.class ? 8 : element == byte.class || element == boolean.class ? 1 : 4;
            bytes += (long) width * Array.getLength(object);
            for (Object one : object instanceof Object[] ? (Object[]) object : new Object[0]) {
                bytes += size(one, seen);
            }
        }
        boolean own = object.getClass().getName().startsWith("mlconvert");
        for (Class<?> type = object.getClass(); own && type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                bytes += 8;
                if (!field.getType().isPrimitive() && !Modifier.isStatic(field.getModifiers())) {
                    field.setAccessible(true);
                    bytes += size(field.get(object), seen);
                }
            }
        }
        return bytes;
    }

    @Test
    void choosesTheEngineThatFits() {
        assertEquals(LeafMasks.class, engineOf(s -> s.leaves = 64));
        assertEquals(Walk.class, engineOf(s -> s.leaves = 65));
        assertEquals(Walk.class, engineOf(s -> s.columns = 600));
        assertEquals(PlainWalk.class, engineOf(s -> s.leaves = 1));
    }

    private static Class<?> engineOf(Consumer<Sample.Shape> change) {
        return Engine.of(forest(sample(s -> { s.trees = 50; change.accept(s); }, 1))).getClass();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void allocatesNothing(Consumer<Sample.Shape> change) {
        Sample sample = sample(change, 1);
        double[] rows = sample.rows(50);
        double[] out = new double[sample.shape.outputs];
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        for (Engine engine : engines(forest(sample))) {
            Scratch scratch = engine.scratch();
            long before = 0;
            for (int round = 0; round < 2; round++) {
                before = threads.getThreadAllocatedBytes(self);
                for (int at = 0; at < rows.length; at += sample.shape.columns) {
                    engine.margins(rows, at, out, 0, scratch);
                    engine.walk(rows, at, scratch);
                }
            }
            assertEquals(0, threads.getThreadAllocatedBytes(self) - before, engine.getClass().getSimpleName());
        }
    }

    static long[] bits(double[] values) {
        return Arrays.stream(values).mapToLong(Double::doubleToLongBits).toArray();
    }
}
