package mlconvert.jpmml;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes the same source of the same model, whenever and wherever it is translated, with the model's own names in it.
 *
 * <p>JPMML tells what it generates apart by identity hash codes ({@code buildOutput$503353142}), which are other ones each time. Here
 * they become 1, 2, 3 in order of appearance.
 */
final class Rewriting {
    private static final Pattern HASH = Pattern.compile("\\$(\\d+)");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(u+[0-9A-Fa-f]{4}|[0-7]{1,3}|.)", Pattern.DOTALL);
    private static final String LETTERS = "btnfr";
    private static final String CONTROLS = "\b\t\n\f\r";

    private final Aliases aliases;
    private final Map<String, String> resources;
    private final Map<String, Integer> numbers = new LinkedHashMap<>();

    /**
     * Rewriting of sources that were generated together.
     *
     * @param aliases the names that they have for fields
     * @param resources for the names of files that the sources ask for, their new names: filled as they are met
     */
    Rewriting(Aliases aliases, Map<String, String> resources) {
        this.aliases = aliases;
        this.resources = resources;
    }

    /** The source, rewritten. */
    String of(String source) throws RefusedException {
        String ordered = Members.inOrder(MissingResults.allowed(source));
        Matcher token = Members.TOKEN.matcher(ordered);
        StringBuilder made = new StringBuilder(ordered.length());
        while (token.find()) {
            token.appendReplacement(made, Matcher.quoteReplacement(rewritten(token.group())));
        }
        return token.appendTail(made).toString();
    }

    private String rewritten(String token) throws RefusedException {
        char first = token.charAt(0);
        if (first == '"') {
            return literal(unescaped(token.substring(1, token.length() - 1)));
        }
        return Character.isJavaIdentifierStart(first) ? renumbered(aliases.shortened(token)) : token;
    }

    private String literal(String text) throws RefusedException {
        if (resources.containsKey(text)) {
            resources.put(text, renumbered(text));
            return escaped(resources.get(text));
        }
        String restored = aliases.restored(text);
        if (aliases.standIn(restored)) {
            throw new RefusedException("untranslatable", "", "JPMML's translator has built a text around the name of a field");
        }
        return escaped(restored);
    }

    private String renumbered(String name) {
        return HASH.matcher(name).replaceAll(hash -> "\\$" + numbers.computeIfAbsent(hash.group(1), unseen -> numbers.size() + 1));
    }

    private static String unescaped(String text) {
        return ESCAPE.matcher(text).replaceAll(escape -> Matcher.quoteReplacement(character(escape.group(1))));
    }

    private static String character(String escape) {
        char first = escape.charAt(0);
        if (first == 'u') {
            return String.valueOf((char) Integer.parseInt(escape.substring(escape.lastIndexOf('u') + 1), 16));
        }
        if (first >= '0' && first <= '7') {
            return String.valueOf((char) Integer.parseInt(escape, 8));
        }
        int known = LETTERS.indexOf(first);
        return known < 0 ? escape : CONTROLS.substring(known, known + 1);
    }

    private static String escaped(String text) {
        StringBuilder made = new StringBuilder("\"");
        for (char character : text.toCharArray()) {
            int known = CONTROLS.indexOf(character);
            if (known >= 0) {
                made.append('\\').append(LETTERS.charAt(known));
            } else if (character == '"' || character == '\\') {
                made.append('\\').append(character);
            } else if (character < ' ' || character > '~') {
                made.append(String.format("\\u%04x", (int) character));
            } else {
                made.append(character);
            }
        }
        return made.append('"').toString();
    }
}
