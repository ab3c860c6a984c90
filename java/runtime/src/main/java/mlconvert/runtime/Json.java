package mlconvert.runtime;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as a header has it, without white space and null, read and written. Of what is read, an IndexOutOfBoundsException is a text
 * that ends too early, an IllegalArgumentException anything else that is no such JSON.
 */
final class Json {
    private static final int DEEPEST = 16;
    private static final int LONGEST = 80;

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

    private Object object(int depth) {
        Map<Object, Object> entries = new LinkedHashMap<>();
        while (!took('}')) {
            require((entries.isEmpty() || took(',')) && took('"'));
            Object key = string();
            require(took(':') && entries.put(key, value(depth)) == null);
        }
        return entries;
    }

    private Object array(int depth) {
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
            require(c >= ' ');
            out.append(c == '\\' ? escaped(text.charAt(at++)) : c);
        }
        return out.toString();
    }

    private char escaped(char c) {
        if (c != 'u') {
            return "\"\\/\b\f\n\r\t".charAt("\"\\/bfnrt".indexOf(c));
        }
        at += 4;
        // the digit in front keeps a sign from being read
        return (char) Integer.parseInt('1' + text.substring(at - 4, at), 16);
    }

    private Object word() {
        int start = at;
        while (at < text.length() && ",]}".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        String word = text.substring(start, at);
        if (word.equals("true") || word.equals("false")) {
            return word.equals("true");
        }
        require(word.matches("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?"));
        if (word.matches("-?\\d+")) {
            return Long.valueOf(word);
        }
        Double number = Double.valueOf(word);
        require(!number.isInfinite());
        return number;
    }

    /** What {@link #parse} gives as JSON on one line: besides quotes, whatever is no plain character is escaped. */
    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    /** The value in quotes, on one line, cut where it is long: for messages, and safe in a terminal. */
    static String quoted(Object value) {
        String text = String.valueOf(value);
        return write(text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...");
    }

    private static void write(Object value, StringBuilder out) {
        String separator = "";
        if (value instanceof Map) {
            out.append('{');
            for (Object key : ((Map<?, ?>) value).keySet()) {
                out.append(separator);
                write(key, out);
                write(((Map<?, ?>) value).get(key), out.append(':'));
                separator = ",";
            }
            out.append('}');
        } else if (value instanceof List) {
            out.append('[');
            for (Object one : (List<?>) value) {
                write(one, out.append(separator));
                separator = ",";
            }
            out.append(']');
        } else if (value instanceof String) {
            writeText((String) value, out);
        } else {
            out.append(value);
        }
    }

    private static void writeText(String value, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            int kind = Character.getType(c);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (kind >= Character.LINE_SEPARATOR && kind <= Character.SURROGATE || kind == Character.UNASSIGNED) {
                // line and paragraph separators, controls, formats, what is private or half a character
                out.append("\\u").append(Integer.toHexString(c | 1 << 16), 1, 5);
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
