"""A grid of rates that goes on at an end for as long as the best of them stands there."""


def best_rate(rates, judge, better):
    """The best of rising rates, and of those that follow beyond an end by the factor of the last two there.

    judge(rate) is what it comes to, as better(a, b) compares it. Of equals it is the first.
    """
    grid = {rate: judge(rate) for rate in rates}
    best = rates[0]
    for rate in rates[1:]:
        best = rate if better(grid[rate], grid[best]) else best
    while len(grid) > 1 and best in (min(grid), max(grid)):
        end, inner = sorted(grid, reverse=best == max(grid))[:2]
        rate = float(f'{end * end / inner:.2g}')
        grid[rate] = judge(rate)
        if better(grid[rate], grid[best]):
            best = rate
    return best
