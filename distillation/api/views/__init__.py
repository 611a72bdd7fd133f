"""One noun a file. A view checks nothing itself: it reads, calls once and serializes."""
