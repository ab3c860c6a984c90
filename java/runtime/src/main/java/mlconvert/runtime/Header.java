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
    private static final String KEYS = "[columns, labels, outputs, width, read, zero, sum, base_at, divisor, link, decisions, leaf_label, "
            + "source, arrays]";
    private static final String WRONG = "its header is not one of version 1";
    /** Far beyond any model; it keeps a hostile header from claiming gigabytes. */
    private static final int MOST_OUTPUTS = 1 << 20;

    final Schema schema;
    final int outputs;
    final int width;
    final boolean readsFloat;
    final double zero;
    final boolean sumsFloat;
    final boolean baseAtEnd;
    final int divisor;
    final String link;
    final double scale;
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
        String keys = entry.keySet().toString();
        demand(keys.equals(entry.containsKey("labels") ? KEYS : KEYS.replace(" labels,", "")));
        outputs = count(entry.get("outputs"), 1);
        width = count(entry.get("width"), 1);
        demand(outputs <= MOST_OUTPUTS && (width == 1 || width == outputs));
        List<Object> labels = entry.containsKey("labels") ? scalars(entry.get("labels")) : new ArrayList<>();
        demand(labels.isEmpty() || labels.size() == Math.max(2, outputs) && new HashSet<>(labels).size() == labels.size());
        schema = new Schema(columns((List<?>) entry.get("columns")), labels, outputs);
        readsFloat = isFirst(entry.get("read"), "float32", "float64");
        zero = size(entry.get("zero"));
        sumsFloat = isFirst(entry.get("sum"), "float32", "float64");
        baseAtEnd = isFirst(entry.get("base_at"), "end", "start");
        divisor = count(entry.get("divisor"), 1);
        Map<?, ?> how = (Map<?, ?>) entry.get("link");
        link = oneOf(how.get("name"), "identity sigmoid softmax exp softplus square");
        boolean scaled = link.equals("sigmoid");
        demand(how.keySet().equals(scaled ? Set.of("name", "scale") : Set.of("name")));
        scale = scaled ? size(how.get("scale")) : 1;
        List<?> table = (List<?>) entry.get("decisions");
        decisions = new Decision[table.size()];
        for (int i = 0; i < decisions.length; i++) {
            decisions[i] = new Decision((Map<?, ?>) table.get(i));
        }
        leafLabel = oneOf(entry.get("leaf_label"), "split pairs listed");
        scalars(new ArrayList<>(((Map<?, ?>) entry.get("source")).values()));
        arrays = (List<?>) entry.get("arrays");
        for (Object one : arrays) {
            List<?> array = (List<?>) one;
            oneOf(array.get(1), "u1 u2 u3 u4 f4 f8");
            count(array.get(2), 0);
            demand(array.size() == 3);
        }
    }

    private static List<Column> columns(List<?> entries) {
        List<Column> columns = new ArrayList<>();
        for (Object one : entries) {
            Map<?, ?> entry = (Map<?, ?>) one;
            demand(Set.of("name", "type", "categories", "missing").containsAll(entry.keySet()));
            String type = oneOf(entry.get("type"), "numeric categorical boolean");
            List<Object> categories = entry.containsKey("categories") ? scalars(entry.get("categories")) : null;
            columns.add(new Column((String) entry.get("name"), type, categories));
        }
        return columns;
    }

    private static void demand(boolean holds) {
        BrokenModelException.unless(holds, WRONG);
    }

    private static List<Object> scalars(Object entry) {
        List<Object> values = new ArrayList<>((List<?>) entry);
        for (Object value : values) {
            demand(!(value instanceof Map || value instanceof List));
        }
        return values;
    }

    /** The word, which is one of those in {@code known}. */
    static String oneOf(Object word, String known) {
        demand(List.of(known.split(" ")).contains(word));
        return (String) word;
    }

    /** Whether the word is the first of two that it can be. */
    static boolean isFirst(Object word, String first, String second) {
        demand(word.equals(first) || word.equals(second));
        return word.equals(first);
    }

    /** A whole number from {@code least} to an int's end. */
    static int count(Object value, int least) {
        long number = (Long) value;
        demand(number >= least && number <= Integer.MAX_VALUE);
        return (int) number;
    }

    private static double size(Object value) {
        double number = ((Number) value).doubleValue();
        demand(number >= 0);
        return number;
    }
}
