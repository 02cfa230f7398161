// Package llamacpp runs GGUF files in this process with llama.cpp, whose shared library is found in a directory.
//
// A model is loaded when it is first asked, and stays until its memory is needed for another. Requests that come together are
// computed together: each has a sequence in one context, and a step of the loop takes the next token of every answer that is
// being written and a part of the prompts that are still to be read. Those that find no sequence free wait in order.
package llamacpp
