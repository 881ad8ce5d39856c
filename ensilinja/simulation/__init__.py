"""A day of the line in simulated time: the services themselves over a database in memory, invented people,
everything from one seed. It sends nothing, rings nobody and touches no other store."""
