package mlconvert.runtime;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The header of a forest: everything about it but its arrays. A key or word that is not known is refused. */
final class Header {
    private static final String KEYS = "[columns, labels, label, outputs, width, read, zero, sum, base_at, divisor, link, decisions, "
            + "leaf_label, source, arrays]";
    private static final String WRONG = "its header is not one of version 1";
    /** Far beyond any model; it keeps a hostile header from claiming gigabytes. */
    private static final int MOST_OUTPUTS = 1 << 20;

    final Schema schema;
    /** Whether some column takes no missing value. */
    final boolean refusesMissing;
    /** Whether the margins decide the label, and whether a margin of 0 is the second label's. */
    final boolean marginDecides;
    final boolean zeroIsSecond;
    final int outputs;
    final int width;
    final boolean readsFloat;
    final double zero;
    final boolean sumsFloat;
    final boolean baseAtEnd;
    final double divisor;
    final String link;
    final double scale;
    final double offset;
    final Decision[] decisions;
    final String leafLabel;
    /** Each a list of a name, a type such as u2, and a length. */
    final List<?> arrays;

    /** Reads a header from JSON in UTF-8. */
    static Header read(ByteBuffer json) {
        try {
            return new Header((Map<?, ?>) Json.parse(StandardCharsets.UTF_8.newDecoder().decode(json).toString()));
        } catch (CharacterCodingException | IllegalArgumentException | IndexOutOfBoundsException
                | ClassCastException | NullPointerException notAsItShouldBe) {
            throw new BrokenModelException(WRONG);
        }
    }

    /** Throws ClassCastException or NullPointerException for a value of another type than it should have. */
    private Header(Map<?, ?> entry) {
        String keys = KEYS;
        for (String optional : new String[] {"labels", "label"}) {
            keys = entry.containsKey(optional) ? keys : keys.replace(" " + optional + ",", "");
        }
        demand(entry.keySet().toString().equals(keys));
        outputs = count(entry.get("outputs"), 1);
        width = count(entry.get("width"), 1);
        demand(outputs <= MOST_OUTPUTS && (width == 1 || width == outputs));
        List<Object> labels = entry.containsKey("labels") ? scalars(entry.get("labels")) : new ArrayList<>();
        demand(labels.isEmpty() || labels.size() == Math.max(2, outputs) && new HashSet<>(labels).size() == labels.size());
        marginDecides = entry.containsKey("label");
        zeroIsSecond = marginDecides && isFirst(entry, "label", "margin or zero", "margin");
        demand(!marginDecides || !labels.isEmpty());
        List<Column> columns = new ArrayList<>();
        boolean refuses = false;
        for (Object one : (List<?>) entry.get("columns")) {
            Column column = new Column((Map<?, ?>) one);
            columns.add(column);
            refuses |= !column.takesMissing();
        }
        refusesMissing = refuses;
        schema = new Schema(columns, labels, outputs);
        readsFloat = isFirst(entry, "read", "float32", "float64");
        zero = size(entry, "zero");
        sumsFloat = isFirst(entry, "sum", "float32", "float64");
        baseAtEnd = isFirst(entry, "base_at", "end", "start");
        divisor = size(entry, "divisor");
        demand(divisor > 0);
        Map<?, ?> how = (Map<?, ?>) entry.get("link");
        link = oneOf(how, "name", "identity", "sigmoid", "softmax", "exp", "softplus", "square", "step", "isolation");
        boolean scaled = link.equals("sigmoid") || link.equals("softmax") && how.containsKey("scale");
        scale = scaled ? size(how, "scale") : 1;
        boolean shifted = link.equals("isolation");
        offset = shifted ? ((Number) how.get("offset")).doubleValue() : 0;
        demand(how.size() == (scaled || shifted ? 2 : 1));
        List<?> table = (List<?>) entry.get("decisions");
        decisions = new Decision[table.size()];
        for (int i = 0; i < decisions.length; i++) {
            decisions[i] = new Decision((Map<?, ?>) table.get(i));
        }
        leafLabel = oneOf(entry, "leaf_label", "split", "pairs", "listed");
        scalars(new ArrayList<>(((Map<?, ?>) entry.get("source")).values()));
        arrays = (List<?>) entry.get("arrays");
        for (Object one : arrays) {
            List<?> array = (List<?>) one;
            count(array.get(2), 0);
            demand(((String) array.get(1)).matches("u[1-4]|f[48]") && array.size() == 3);
        }
    }

    static void demand(boolean holds) {
        BrokenModelException.unless(holds, WRONG);
    }

    /** A list of strings, numbers and booleans. */
    static List<Object> scalars(Object entry) {
        List<Object> values = new ArrayList<>((List<?>) entry);
        for (Object value : values) {
            demand(!(value instanceof Map || value instanceof List));
        }
        return values;
    }

    /** The word under a key, which is one of those in {@code known}. */
    static String oneOf(Map<?, ?> entry, String key, String... known) {
        String word = (String) entry.get(key);
        demand(List.of(known).contains(word));
        return word;
    }

    /** Whether the word under a key is the first of two that it can be. */
    static boolean isFirst(Map<?, ?> entry, String key, String... known) {
        return oneOf(entry, key, known).equals(known[0]);
    }

    /** A whole number from {@code least} to an int's end. */
    private static int count(Object value, int least) {
        long number = (Long) value;
        demand(number >= least && number <= Integer.MAX_VALUE);
        return (int) number;
    }

    private static double size(Map<?, ?> entry, String key) {
        double number = ((Number) entry.get(key)).doubleValue();
        demand(number >= 0);
        return number;
    }
}
