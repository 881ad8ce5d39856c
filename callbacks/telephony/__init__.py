"""The telephone exchange behind one port. The shipped simulator reaches no network and can call nobody."""
