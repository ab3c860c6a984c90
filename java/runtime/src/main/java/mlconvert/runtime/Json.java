package mlconvert.runtime;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the JSON of a header, which has no white space and no null. An IndexOutOfBoundsException is a text that ends too early,
 * an IllegalArgumentException anything else that is no such JSON.
 */
final class Json {
    private static final int DEEPEST = 16;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** The value: a Map in the text's order, List, String, Long, Double or Boolean. */
    static Object parse(String text) {
        Json json = new Json(text);
        Object value = json.value(0);
        require(json.at == text.length());
        return value;
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw new IllegalArgumentException();
        }
    }

    private boolean took(char c) {
        boolean is = text.charAt(at) == c;
        at += is ? 1 : 0;
        return is;
    }

    private Object value(int depth) {
        require(depth < DEEPEST);
        if (took('{')) {
            return object(depth + 1);
        }
        if (took('[')) {
            return array(depth + 1);
        }
        return took('"') ? string() : word();
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> entries = new LinkedHashMap<>();
        while (!took('}')) {
            require(entries.isEmpty() || took(','));
            require(took('"'));
            String key = string();
            require(took(':') && entries.put(key, value(depth)) == null);
        }
        return entries;
    }

    private List<Object> array(int depth) {
        List<Object> values = new ArrayList<>();
        while (!took(']')) {
            require(values.isEmpty() || took(','));
            values.add(value(depth));
        }
        return values;
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        while (!took('"')) {
            char c = text.charAt(at++);
            out.append(c == '\\' ? escaped(text.charAt(at++)) : c);
        }
        return out.toString();
    }

    private char escaped(char c) {
        if (c == 'u') {
            at += 4;
            return (char) Integer.parseInt(text, at - 4, at, 16);
        }
        return "\"\\/\b\f\n\r\t".charAt("\"\\/bfnrt".indexOf(c));
    }

    private Object word() {
        int start = at;
        while (Character.isLetterOrDigit(text.charAt(at)) || "+-.".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String word = text.substring(start, at);
        if (word.equals("true") || word.equals("false")) {
            return word.equals("true");
        }
        if (word.matches("-?\\d+")) {
            return Long.valueOf(word);
        }
        Double number = Double.valueOf(word);
        require(!number.isNaN() && !number.isInfinite());
        return number;
    }
}
