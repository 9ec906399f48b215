def test_a_market_that_grows_every_week_does_not_drift(remembered, db):
    models = remembered.models[:10]
    champion = first = remembered.without(models)
    before = memory_read(first)
    for week in range(5):
        new = models[2 * week : 2 * week + 2]
        champion = remembered.taught(champion, new)
        one = remembered.compared(champion, first, models[: 2 * week + 2])
        print(f"\nweek {week + 1}: {one.headline}; {one.new.right} of {one.new.evidence.photos} named", flush=True)
    at_once = remembered.compared(remembered.taught(first, models), first, models)
    print(f"at once: {at_once.headline}; {at_once.new.right} named")
    assert one.old is not None
    assert at_once.old is not None
    assert one.old.top1.value >= at_once.old.top1.value - WITHIN
    after = memory_read(champion)
    assert before is not None
    assert after is not None
    kept = after.kept([photo.digest in {old.digest for old in before.photos} for photo in after.photos])
    assert np.array_equal(kept.packed.codes, before.packed.codes)


