/** Runs a model's jar for mlconvert: parity and benchmarks ask it over a pipe. No part of any jar that users get. */
package mlconvert.driver;
