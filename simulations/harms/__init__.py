"""What Shoal costs a pull when something is broken, against the same pull without it: `simulations/harm` runs it.

hosts       what a runtime does with a mirror: the agent first, the registry when the agent fails
cluster     the machines of a run, and the programs of one situation
faults      how a part is broken: frozen, gone without a word, refused, slow, full
situations  what is broken in each, and what should tell it
readers     clients that read parts of layers
crowds      many nodes or many layers at once
measure     pulls of one situation, direct and through Shoal in turn
judgement   the goals, and whether a row meets them
page        HARM.md
"""
