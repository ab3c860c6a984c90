/**
 * Scores tree ensembles with the bits of the library that trained them. {@link mlconvert.runtime.Model} is the way in.
 *
 * <p>What a forest means and how its file lies is stated in {@code docs/forest.md}.
 */
package mlconvert.runtime;
