"""The functions of the House, one folder each; they never import each other."""
